"""The algorithms themselves, on arrays: the only package that knows the kernel library.

Every function takes a projection's arrays (``indptr``, ``indices``, ``weights``) and parameters, runs in a worker
process, and returns one of the kinds in :mod:`~graph_olap_server.instance.algorithms.kernels.results`. The kernel
library is icebug (NetworKit's algorithms over Arrow arrays, imported as ``networkit``); what SciPy does at least as
fast, or exactly as the contract wants it, is done there.
"""
