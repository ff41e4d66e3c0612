#include <math.h>
double run(long steps) {
  double mass[] = {39.47841760435743, 0.03769367487038949, 0.011286326131968767, 0.0017237240570597112, 0.002033686869924631};
  double x[] = {0.0, 4.841431442464721, 8.34336671824458, 12.894369562139131, 15.379697114850917};
  double y[] = {0.0, -1.1603200440274284, 4.124798564124305, -15.111151401698631, -25.919314609987964};
  double z[] = {0.0, -0.10362204447112311, -0.4035234171143214, -0.22330757889265573, 0.17925877295037118};
  double u[] = {0.0, 0.606326392995832, -1.0107743461787924, 1.0827910064415354, 0.979090732243898};
  double v[] = {0.0, 2.81198684491626, 1.8256623712304119, 0.8687130181696082, 0.5946989986476762};
  double w[] = {0.0, -0.02521836165988763, 0.008415761376584154, -0.010832637401363636, -0.034755955550407304};
  for (long s = 0; s < steps; s++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double dx = x[i] - x[j], dy = y[i] - y[j], dz = z[i] - z[j];
        double square = dx * dx + dy * dy + dz * dz, pull = 0.01 / (square * sqrt(square));
        u[i] -= dx * mass[j] * pull; v[i] -= dy * mass[j] * pull; w[i] -= dz * mass[j] * pull;
        u[j] += dx * mass[i] * pull; v[j] += dy * mass[i] * pull; w[j] += dz * mass[i] * pull;
      }
    for (int i = 0; i < 5; i++) { x[i] += 0.01 * u[i]; y[i] += 0.01 * v[i]; z[i] += 0.01 * w[i]; }
  }
  double total = 0.0;
  for (int i = 0; i < 5; i++) {
    total += 0.5 * mass[i] * (u[i] * u[i] + v[i] * v[i] + w[i] * w[i]);
    for (int j = i + 1; j < 5; j++) {
      double dx = x[i] - x[j], dy = y[i] - y[j], dz = z[i] - z[j];
      total -= mass[i] * mass[j] / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return total;
}
