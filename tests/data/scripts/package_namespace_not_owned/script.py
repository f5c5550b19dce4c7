import opentelemetry.instrumentation.foo
import azure.cli.foo
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry import trace
