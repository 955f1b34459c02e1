(() => {
  // The picture cannot see the page around it, so it is told when the notebook is light or dark.
  const tell = () => {
    const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
    const theme = jpThemeLight ? (jpThemeLight === "true" ? "light" : "dark")
      : vscodeThemeKind ? (vscodeThemeKind.includes("light") ? "light" : "dark") : null;
    if (theme) for (const frame of document.querySelectorAll("iframe.NAME")) {
      frame.contentWindow?.postMessage({ graphOlapTheme: theme }, "*");
    }
  };
  addEventListener("message", (event) => { if (event.data === "graph-olap-ready") tell(); });
  new MutationObserver(tell).observe(document.body, { attributes: true });
  tell();
})();
