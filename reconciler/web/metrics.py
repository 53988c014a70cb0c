"""`/metrics`: every value in the text format that Prometheus reads."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import assert_never

from aiohttp import hdrs, web
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from reconciler.app import metrics as known
from reconciler.app.measuring import Measuring, Values
from reconciler.app.metrics import MetricKind, Sample
from reconciler.core.tally import BOUNDS, Lengths
from reconciler.web.services import SERVICES


class _Answer(Collector):
    """One look at the values."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def collect(self) -> Iterable[Metric]:
        """Every metric; those without a value yet are named all the same."""
        return [_family(metric, self._values.get(metric, ())) for metric in known.METRICS]


async def metrics(request: web.Request) -> web.Response:
    """Every metric as of now; where they can't all be told it is an error, never a part of them."""
    services = request.app[SERVICES]
    measuring = Measuring(
        system=services.system,
        store=services.store,
        verdicts=services.verdicts,
        version=services.version,
        notices=services.notices,
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Answer(await measuring.values()))
    return web.Response(body=generate_latest(registry), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_PLAIN_0_0_4})


def _family(metric: known.Metric, samples: Sequence[Sample]) -> Metric:
    """A metric in the words of Prometheus's library."""
    match metric.kind:
        case MetricKind.GAUGE:
            gauge = GaugeMetricFamily(metric.name, metric.told, labels=metric.labels)
            for sample in samples:
                gauge.add_metric(sample.labels, _number(sample))
            return gauge
        case MetricKind.COUNTER:
            counter = CounterMetricFamily(metric.name, metric.told, labels=metric.labels)
            for sample in samples:
                counter.add_metric(sample.labels, _number(sample))
            return counter
        case MetricKind.HISTOGRAM:
            histogram = HistogramMetricFamily(metric.name, metric.told, labels=metric.labels)
            for sample in samples:
                lengths = _lengths(sample)
                histogram.add_metric(sample.labels, buckets=_buckets(lengths), sum_value=lengths.total)
            return histogram
        case _ as never:
            assert_never(never)


def _number(sample: Sample) -> float:
    """The value of a gauge or a counter."""
    if isinstance(sample.value, Lengths):
        raise TypeError("a number, not lengths")
    return sample.value


def _lengths(sample: Sample) -> Lengths:
    """The value of a histogram."""
    if not isinstance(sample.value, Lengths):
        raise TypeError("lengths, not a number")
    return sample.value


def _buckets(lengths: Lengths) -> list[tuple[str, float]]:
    """Counts up to each bound, the last without one."""
    bounds = (*(str(float(bound)) for bound in BOUNDS), "+Inf")
    return list(zip(bounds, map(float, accumulate(lengths.counts)), strict=True))
