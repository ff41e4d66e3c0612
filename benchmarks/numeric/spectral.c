#include <math.h>
#include <stdlib.h>
static double entry(long i, long j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }
static void times(const double *v, double *to, long n) {
  for (long i = 0; i < n; i++) { double t = 0.0; for (long j = 0; j < n; j++) t += entry(i, j) * v[j]; to[i] = t; }
}
static void times_transposed(const double *v, double *to, long n) {
  for (long i = 0; i < n; i++) { double t = 0.0; for (long j = 0; j < n; j++) t += entry(j, i) * v[j]; to[i] = t; }
}
double run(long n) {
  double *u = malloc(n * 8), *v = malloc(n * 8), *t = malloc(n * 8), above = 0.0, below = 0.0;
  for (long i = 0; i < n; i++) u[i] = 1.0;
  for (int k = 0; k < 10; k++) {
    times(u, t, n); times_transposed(t, v, n);
    times(v, t, n); times_transposed(t, u, n);
  }
  for (long i = 0; i < n; i++) { above += u[i] * v[i]; below += v[i] * v[i]; }
  free(u); free(v); free(t);
  return sqrt(above / below);
}
