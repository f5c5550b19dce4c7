"""Search commands as classes of Splunk's SDK."""

from splunklib.searchcommands import (
    Configuration,
    GeneratingCommand,
    Option,
    ReportingCommand,
    StreamingCommand,
    validators,
)


@Configuration()
class Scores(StreamingCommand):
    """Multiply the price."""

    factor = Option(require=True, validate=validators.Float())

    def stream(self, records):
        print("on stdout")
        for record in records:
            record["score"] = float(record["price"]) * self.factor
            yield record


@Configuration()
class Totals(ReportingCommand):
    """Add up the price."""

    def reduce(self, records):
        yield {"total": sum(float(one["price"]) for one in records)}


@Configuration()
class Numbers(GeneratingCommand):
    """Count."""

    count = Option(require=True, validate=validators.Integer())

    def generate(self):
        for number in range(self.count):
            yield {"n": number}
