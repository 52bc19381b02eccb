"use strict";
(() => {
  const form = document.getElementById("choose");
  const search = document.getElementById("search");
  const verdict = document.getElementById("verdict");
  const chosen = document.getElementById("chosen");
  const hosts = Array.from(document.querySelectorAll(".host"));
  let found = "";
  let texts = null;

  // of many hosts only when somebody searches, since it takes a moment
  const textOf = (n) => {
    texts ??= hosts.map((host) => host.textContent.toLowerCase());
    return texts[n];
  };

  const choose = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    hosts.forEach((host, n) => {
      const fits =
        (!verdict.value || host.dataset.verdict === verdict.value) &&
        (!found || host.dataset.found.split(" ").includes(found)) &&
        words.every((word) => textOf(n).includes(word));
      if (host.hidden === fits) host.hidden = !fits;
      if (fits) shown += 1;
    });
    const about = found ? ` with ${found}` : "";
    chosen.textContent =
      shown === hosts.length && !about
        ? `${shown} host${shown === 1 ? "" : "s"}`
        : `${shown} of ${hosts.length} hosts${about}`;
  };

  const openAll = (open) => hosts.forEach((host) => { if (!host.hidden) host.open = open; });

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { found = ""; setTimeout(choose); });
  search.addEventListener("input", choose);
  verdict.addEventListener("change", choose);
  document.getElementById("open").addEventListener("click", () => openAll(true));
  document.getElementById("close").addEventListener("click", () => openAll(false));
  document.querySelectorAll("a[data-verdict], a[data-found], a[data-host]").forEach((link) => {
    link.addEventListener("click", () => {
      search.value = link.dataset.host ?? "";
      verdict.value = link.dataset.verdict ?? "";
      found = link.dataset.found ?? "";
      choose();
      document.getElementById("hosts").focus();
    });
  });

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = hosts.filter((host) => !host.open);
    closed.forEach((host) => { host.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((host) => { host.open = false; }));
})();
