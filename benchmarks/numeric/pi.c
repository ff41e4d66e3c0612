double run(long n) {
  long state = 12345, inside = 0;
  for (long i = 0; i < n; i++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    double x = state / 2147483648.0;
    state = (state * 1103515245 + 12345) % 2147483648;
    double y = state / 2147483648.0;
    if (x * x + y * y <= 1.0) inside++;
  }
  return 4.0 * inside / n;
}
