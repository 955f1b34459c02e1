"""Values on the wire: results as JSON-ready rows and Arrow IPC, parameters as Python values."""

from graph_olap_server.instance.encoding.arrow_ipc import ARROW_STREAM, ERROR_KEY, TYPE_KEY, arrow_stream
from graph_olap_server.instance.encoding.json_values import Encoder, PropertyLists
from graph_olap_server.instance.encoding.parameters import decode_parameters
from graph_olap_server.instance.encoding.types import ValueType, contract_name

__all__ = [
    "ARROW_STREAM",
    "ERROR_KEY",
    "TYPE_KEY",
    "Encoder",
    "PropertyLists",
    "ValueType",
    "arrow_stream",
    "contract_name",
    "decode_parameters",
]
