#include <stdlib.h>
long run(long n) {
  long *perm1 = malloc(n * 8), *perm = calloc(n, 8), *count = calloc(n, 8);
  long most = 0, checksum = 0, r = n, number = 0;
  for (long i = 0; i < n; i++) perm1[i] = i;
  for (;;) {
    for (; r != 1; r--) count[r - 1] = r;
    for (long i = 0; i < n; i++) perm[i] = perm1[i];
    long flips = 0, k = perm[0];
    while (k != 0) {
      for (long i = 0, j = k; i < j; i++, j--) { long t = perm[i]; perm[i] = perm[j]; perm[j] = t; }
      flips++; k = perm[0];
    }
    if (flips > most) most = flips;
    checksum += number % 2 == 0 ? flips : -flips;
    for (;;) {
      if (r == n) { free(perm1); free(perm); free(count); return checksum * 1000 + most; }
      long first = perm1[0];
      for (long i = 0; i < r; i++) perm1[i] = perm1[i + 1];
      perm1[r] = first;
      if (--count[r] > 0) break;
      r++;
    }
    number++;
  }
}
