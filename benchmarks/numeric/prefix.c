#include <stdlib.h>
long run(long n) {
  long *values = malloc(n * 8), *sums = calloc(n + 1, 8), best = 0, lowest = 0;
  for (long i = 0; i < n; i++) values[i] = i * 7919 % 2003 - 1001;
  for (long i = 0; i < n; i++) sums[i + 1] = sums[i] + values[i];
  for (long i = 0; i <= n; i++) {
    if (sums[i] - lowest > best) best = sums[i] - lowest;
    if (sums[i] < lowest) lowest = sums[i];
  }
  free(values); free(sums);
  return best;
}
