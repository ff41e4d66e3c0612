long run(long n) {
  long bins[256] = {0}, state = 1, best = 0;
  for (long i = 0; i < n; i++) {
    state = (state * 1664525 + 1013904223) & 4294967295;
    bins[state >> 24] += 1;
  }
  for (long i = 0; i < 256; i++) if (bins[i] > bins[best]) best = i;
  return best * 1000000 + bins[best];
}
