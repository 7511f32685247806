// How many letters are left. The page works without it: the field and the server know the limit too.
const field = document.querySelector("#text");
const left = document.querySelector("#left");
const tell = () => { left.textContent = `${field.maxLength - field.value.length} letters left`; };
field.addEventListener("input", tell);
tell();
