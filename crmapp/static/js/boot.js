/* Loads htmx: from the CDN with its integrity hash, from here when the CDN does not answer in time.
   A silent CDN is remembered for a day, so that its time-out is paid once. It stands first in the
   bundle, whose element names the addresses; where that names none, htmx has an element of its own. */
(() => {
  const { cdn, sri, local, wait } = document.currentScript.dataset;
  if (!cdn) return;
  const KEY = "crmapp.cdn-away";
  const DAY = 24 * 3600 * 1000;
  const recall = () => { try { return Number(localStorage.getItem(KEY)); } catch { return 0; } };
  const remember = () => { try { localStorage.setItem(KEY, Date.now()); } catch { /* storage is off */ } };
  const add = (src, integrity) => {
    const script = document.createElement("script");
    script.src = src;
    if (integrity) { script.integrity = integrity; script.crossOrigin = "anonymous"; }
    document.head.append(script);
    return script;
  };
  if (Date.now() - recall() < DAY) { add(local); return; }
  let settled = false;
  const script = add(cdn, sri);
  const fallBack = () => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    remember();
    script.remove();
    document.implementation.createHTMLDocument("").adoptNode(script); // a late copy will not run
    add(local);
  };
  const timer = setTimeout(fallBack, Number(wait));
  script.onload = () => { settled = true; clearTimeout(timer); };
  script.onerror = fallBack;
})();
