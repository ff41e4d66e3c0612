long run(long n) {
  long total = 0;
  for (long row = 0; row < n; row++) {
    double ci = 2.0 * row / n - 1.0;
    for (long column = 0; column < n; column++) {
      double cr = 2.0 * column / n - 1.5, zr = 0.0, zi = 0.0;
      long count = 0;
      while (count < 200 && zr * zr + zi * zi <= 4.0) {
        double t = zr * zr - zi * zi + cr;
        zi = 2.0 * zr * zi + ci; zr = t; count++;
      }
      total += count;
    }
  }
  return total;
}
