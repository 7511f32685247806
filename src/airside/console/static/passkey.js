// Passkeys on pages that are plain forms otherwise. Without this script, or in a browser without passkeys, nothing
// shows and everything else on the page works.
//
// What a page writes:
//
//   <script type="module" src="{{ passkey_script }}"></script>
//
//   <form method="post" action="…" data-passkey="get" data-options="{{ options }}" data-conditional hidden>
//     <input type="hidden" name="csrf_token" value="…">
//     <input type="hidden" name="response">
//     <button type="submit">Sign in with a passkey</button>
//     <p role="alert" data-passkey-message hidden
//        data-cancelled="…" data-duplicate="…" data-failed="…"></p>
//   </form>
//
// data-passkey      `get` proves with a passkey, `create` makes one.
// data-options      the options as the server made them: JSON, escaped as any attribute is.
// data-conditional  for `get`: passkeys are offered while an e-mail field with autocomplete="username webauthn",
//                   anywhere on the page, has the focus; one form of a page at most.
// hidden            on the form, or on its button: taken away once passkeys can work.
// response          is filled with the credential as JSON, then the form is posted.
// the message       is told by textContent, in the page's own words: cancelled or timed out; registered already;
//                   anything else.
// Elements that must not show while passkeys can't work stand inside the form.
//
// No HTML is made and no text is evaluated: it runs under script-src 'self' with require-trusted-types-for 'script'.

const WORDS = { NotAllowedError: "cancelled", InvalidStateError: "duplicate" };

let offered = null; // aborts what is offered in the e-mail field

function bytes(text) {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

function letters(buffer) {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// As PublicKeyCredential.parse…OptionsFromJSON and toJSON do, which older browsers lack.
function read(text) {
  const options = JSON.parse(text);
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const each of [...(options.allowCredentials ?? []), ...(options.excludeCredentials ?? [])]) {
    each.id = bytes(each.id);
  }
  return options;
}

function written({ id, rawId, type, response: given }) {
  const response = { clientDataJSON: letters(given.clientDataJSON) };
  if (given.attestationObject) {
    response.attestationObject = letters(given.attestationObject);
    response.transports = given.getTransports?.() ?? [];
  } else {
    response.authenticatorData = letters(given.authenticatorData);
    response.signature = letters(given.signature);
    if (given.userHandle) response.userHandle = letters(given.userHandle);
  }
  return JSON.stringify({ id, rawId: letters(rawId), type, response });
}

function tell(form, word) {
  const message = form.querySelector("[data-passkey-message]");
  if (!message) return;
  message.textContent = (word && message.dataset[word]) ?? "";
  message.hidden = !word;
}

function post(form, credential) {
  form.elements.namedItem("response").value = written(credential);
  form.submit();
}

async function ask(form) {
  offered?.abort();
  tell(form, null);
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const publicKey = read(form.dataset.options);
    const credentials = navigator.credentials;
    const make = form.dataset.passkey === "create";
    post(form, await (make ? credentials.create({ publicKey }) : credentials.get({ publicKey })));
  } catch (error) {
    tell(form, WORDS[error.name] ?? "failed");
    button.disabled = false;
    offer();
  }
}

// Nobody asked for this one: whatever goes wrong with it is silent.
async function offer() {
  const form = document.querySelector("form[data-passkey=get][data-conditional]");
  if (!form || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const asked = new AbortController();
  offered = asked;
  try {
    const publicKey = read(form.dataset.options);
    post(form, await navigator.credentials.get({ publicKey, mediation: "conditional", signal: asked.signal }));
  } catch {
    if (offered === asked) offered = null;
  }
}

function start() {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
    form.hidden = false;
    form.querySelector("button").hidden = false;
  }
  offer();
}

// A page that was left and comes back has a challenge that may be spent.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
if (globalThis.PublicKeyCredential && navigator.credentials) start();
