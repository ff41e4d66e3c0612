#include <stdlib.h>
#include <string.h>
long run(long n) {
  char *prime = malloc(n + 1);
  memset(prime, 1, n + 1); prime[0] = prime[1] = 0;
  for (long i = 2; i * i <= n; i++)
    if (prime[i]) for (long j = i * i; j <= n; j += i) prime[j] = 0;
  long count = 0;
  for (long k = 0; k <= n; k++) if (prime[k]) count++;
  free(prime);
  return count;
}
