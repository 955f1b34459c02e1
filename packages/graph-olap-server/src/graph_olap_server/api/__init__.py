"""The control plane's HTTP interface: thin routes over the use cases."""
