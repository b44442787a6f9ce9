// Passkeys: a form with data-passkey is sent with what the browser makes or finds. Where scripts do
// not run, or the browser knows no passkeys, its button stays hidden and its words say what else.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const parse =
    "PublicKeyCredential" in window &&
    (form.dataset.passkey === "create"
      ? PublicKeyCredential.parseCreationOptionsFromJSON
      : PublicKeyCredential.parseRequestOptionsFromJSON);
  if (parse) prepare(form, parse.bind(PublicKeyCredential));
}

function prepare(form, parse) {
  const said = form.querySelector("[data-passkey-said]");
  const without = form.querySelector("[data-passkey-without]");
  form.querySelector("[data-passkey-button]").hidden = false;
  if (without) without.hidden = true;
  let asking = false;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (asking) return;
    asking = true;
    said.hidden = true;
    try {
      const publicKey = parse((await options(form)).publicKey);
      const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      said.textContent = words(error);
      said.hidden = false;
    } finally {
      asking = false;
    }
  });
}

async function options(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status === 429 ? "often" : "server");
  return answer.json();
}

function words(error) {
  if (error.name === "InvalidStateError") return "This device has a passkey of yours already.";
  if (error.name === "NotAllowedError") {
    return "No passkey was given. Try again, or choose another way.";
  }
  if (error.name === "SecurityError") {
    return "Passkeys need an address with a name. On your own machine, open this page as localhost.";
  }
  if (error.message === "often") return "There were too many tries. Wait a minute and try again.";
  return "The passkey could not be used. Try again, or choose another way.";
}
