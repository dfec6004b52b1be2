// The secret of a link stands behind the # of its address: it is put into the form, and the address forgets it.
const form = document.querySelector('form[data-link]');
if (form && location.hash.length > 1) {
  form.elements.link.value = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
  form.requestSubmit();
}
