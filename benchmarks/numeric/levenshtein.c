#include <stdlib.h>
static long least(long a, long b) { return b < a ? b : a; }
long run(long n) {
  long *a = malloc(n * 8), *b = malloc(n * 8), *before = malloc((n + 1) * 8), *row = malloc((n + 1) * 8);
  for (long i = 0; i < n; i++) { a[i] = i * 7 % 26; b[i] = (i * i + 3) % 26; }
  for (long j = 0; j <= n; j++) before[j] = j;
  for (long i = 0; i < n; i++) {
    row[0] = i + 1;
    for (long j = 0; j < n; j++)
      row[j + 1] = least(least(row[j] + 1, before[j + 1] + 1), before[j] + (a[i] == b[j] ? 0 : 1));
    long *t = before; before = row; row = t;
  }
  long result = before[n];
  free(a); free(b); free(before); free(row);
  return result;
}
