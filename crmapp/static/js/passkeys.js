/* <form data-passkey="create" or "get" data-options="…">: asks the device for a key, and sends what
   it answers. If it does not, [data-passkey-problem] is shown; [data-passkey-again] asks again. */
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const problem = form.querySelector("[data-passkey-problem]");

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  const keys = (list) => (list ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

  const ask = async () => {
    const asked = JSON.parse(form.dataset.options);
    const publicKey = { ...asked, challenge: bytes(asked.challenge) };
    if (form.dataset.passkey === "create") {
      publicKey.user = { ...asked.user, id: bytes(asked.user.id) };
      publicKey.excludeCredentials = keys(asked.excludeCredentials);
      return navigator.credentials.create({ publicKey });
    }
    publicKey.allowCredentials = keys(asked.allowCredentials);
    return navigator.credentials.get({ publicKey });
  };

  const written = (key) => {
    const { response } = key;
    const said = { clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      said.attestationObject = text(response.attestationObject);
      said.transports = response.getTransports?.() ?? [];
    } else {
      said.authenticatorData = text(response.authenticatorData);
      said.signature = text(response.signature);
      said.userHandle = response.userHandle ? text(response.userHandle) : null;
    }
    return { id: key.id, rawId: text(key.rawId), type: key.type, response: said };
  };

  const go = async () => {
    problem.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(written(await ask()));
    } catch {
      problem.hidden = false; // refused, too late, no such key, or no way to ask: the device says which
      problem.focus();
      return;
    }
    form.submit();
  };

  form.querySelector("[data-passkey-again]").addEventListener("click", go);
  go();
})();
