// The answer to an application that takes it as a form (OAuth 2.0 Form Post Response Mode): sent at once. Without this
// script the page has a button that does the same.

for (const form of document.forms) form.submit();
