# --- averages
import statistics as st
data = [1, 2, 2, 3, 4, 7, 9]
print(st.mean(data), st.fmean(data), st.median(data), st.median_low([1, 2]), st.median_high([1, 2]), st.mode(data), st.multimode("aabb"))
print(st.geometric_mean([1, 10]), st.harmonic_mean([40, 60]), st.median_grouped([1, 2, 2, 3]), st.mean(x for x in [1, 2]))
# --- spread and quantiles
import statistics as st
data = [1.5, 2.5, 2.5, 2.75, 3.25, 4.75]
st.stdev(data), st.pstdev(data), st.variance(data), st.pvariance(data), st.quantiles(data, n=4)
# --- exact for fractions and decimals
import statistics as st
from decimal import Decimal
from fractions import Fraction
print(st.mean([Fraction(1, 3), Fraction(1, 6)]), st.mean([Decimal("0.5"), Decimal("0.75")]), st.variance([Decimal(1), Decimal(2)]))
# --- two variables
import statistics as st
x, y = [1, 2, 3, 4], [2, 4, 5, 9]
r = st.linear_regression(x, y)
print(r, r.slope, r.intercept)
st.correlation(x, y), st.covariance(x, y)
# --- normal distributions
from statistics import NormalDist
n = NormalDist(100, 15)
print(n, n.mean, n.stdev, n.variance, n.pdf(100), n.cdf(115), n.inv_cdf(0.9), n.zscore(130), n.quantiles(4), n.overlap(NormalDist(110, 15)))
print(n + 5, n * 2, n + n, NormalDist.from_samples([1, 2, 3]), n == NormalDist(100, 15), len(n.samples(3, seed=1)))
n.samples(2, seed=7)
# --- no data
import statistics
statistics.mean([])
# --- errors can be caught
from statistics import StatisticsError, stdev
try:
    stdev([1])
except StatisticsError as e:
    print(e, isinstance(e, ValueError))
