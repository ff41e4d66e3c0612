#include <stdlib.h>
static double **make(long n) {
  double **m = malloc(n * sizeof *m);
  for (long i = 0; i < n; i++) m[i] = calloc(n, 8);
  return m;
}
static void drop(double **m, long n) { for (long i = 0; i < n; i++) free(m[i]); free(m); }
double run(long n) {
  double **a = make(n), **b = make(n), **c = make(n), trace = 0.0;
  for (long i = 0; i < n; i++) for (long j = 0; j < n; j++) { a[i][j] = (i * j % 7) * 0.5; b[i][j] = (i + j) % 5 * 0.25; }
  for (long i = 0; i < n; i++) for (long j = 0; j < n; j++) {
    double total = 0.0;
    for (long k = 0; k < n; k++) total += a[i][k] * b[k][j];
    c[i][j] = total;
  }
  for (long i = 0; i < n; i++) trace += c[i][i];
  drop(a, n); drop(b, n); drop(c, n);
  return trace;
}
