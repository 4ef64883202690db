"""Writes Fixtures/oracles/detection.json: what scikit-learn and NumPy say of scores of attacked and clean inputs.

    python3 Tests/Python/make_detection.py Fixtures/oracles/detection.json

Each case has the score of the attacked and of the clean input of every example. The area under the ROC curve is
sklearn.metrics.roc_auc_score of both, attacked inputs being the positives. Its standard error is that of DeLong, DeLong and
Clarke-Pearson (1988) with the covariance of the two scores of an example (Obuchowski 1997), from the definition by loops over all
pairs, and beside it that of the jackknife over examples. Thresholds are numpy.quantile of the clean scores at 1 - rate, by the
inverted distribution function.
"""

import json
import sys

import numpy
import sklearn
from sklearn.metrics import roc_auc_score

RATES = [0.01, 0.05, 0.1, 0.29, 0.5, 0.75]


def area(attacked, clean):
    labels = numpy.concatenate([numpy.ones(len(attacked)), numpy.zeros(len(clean))])
    return float(roc_auc_score(labels, numpy.concatenate([attacked, clean])))


def psi(x, y):
    return 1.0 if x > y else 0.5 if x == y else 0.0


def delong(attacked, clean):
    n = len(attacked)
    v10 = numpy.array([sum(psi(x, y) for y in clean) / n for x in attacked])
    v01 = numpy.array([sum(psi(x, y) for x in attacked) / n for y in clean])
    (s10, s11), (_, s01) = numpy.cov(v10, v01)
    return float(numpy.sqrt((s10 + s01 + 2 * s11) / n))


def jackknife(attacked, clean):
    n = len(attacked)
    left = numpy.array([area(numpy.delete(attacked, i), numpy.delete(clean, i)) for i in range(n)])
    return float(numpy.sqrt((n - 1) / n * numpy.sum((left - left.mean()) ** 2)))


def case(name, attacked, clean):
    return {
        "name": name,
        "attacked": [float(x) for x in attacked],
        "clean": [float(x) for x in clean],
        "auroc": area(attacked, clean),
        "standard_error": delong(attacked, clean),
        "jackknife_standard_error": jackknife(attacked, clean),
        "thresholds": [float(numpy.quantile(clean, 1 - rate, method="inverted_cdf")) for rate in RATES],
    }


def main(path):
    random = numpy.random.default_rng(7)

    def rounded(values, digits=4):
        return numpy.round(values, digits)

    easy = random.normal(size=60)
    cases = [
        case("independent", rounded(random.gamma(2, 0.3, 50)), rounded(random.gamma(1, 0.2, 50))),
        case("paired", rounded(easy + 0.5 * random.normal(size=60) + 0.6), rounded(easy + 0.5 * random.normal(size=60))),
        case("ties", random.integers(1, 5, 40) / 4, random.integers(0, 4, 40) / 4),
        case("below", rounded(random.gamma(1, 0.1, 30)), rounded(random.gamma(2, 0.3, 30))),
        case("apart", rounded(2 + random.random(12)), rounded(random.random(12))),
    ]
    head = json.dumps({"sklearn": sklearn.__version__, "numpy": numpy.__version__, "rates": RATES})
    with open(path, "w") as file:
        file.write(head[:-1] + ', "cases": [\n' + ",\n".join(json.dumps(each) for each in cases) + "\n]}\n")


main(sys.argv[1])
