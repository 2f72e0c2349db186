/*
 * Comfort for the pages; every one of them works without it. No data leaves the page, nothing is stored.
 */
(function () {
  'use strict';

  var root = document.documentElement;

  function each(selector, use) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), use);
  }

  /* The button beside a password field shows what is typed. It is hidden again before the form is sent, so that the browser's
     password manager knows the field. */
  function setShown(button, shown) {
    var input = document.getElementById(button.getAttribute('aria-controls'));

    input.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', shown ? 'true' : 'false');
  }

  function hideAll() {
    each('.peek', function (button) {
      setShown(button, false);
    });
  }

  /* A second press while the answer is on its way would send the form twice. A download leaves the page as it is, so its button
     wakes up again. aria-disabled keeps the focus where it is. */
  function guard(form) {
    var sent = false;

    function wake() {
      sent = false;
      setBusy(form, false);
    }

    form.addEventListener('submit', function (event) {
      if (sent) {
        event.preventDefault();
        return;
      }
      sent = true;
      hideAll();
      setBusy(form, true);
      if (form.hasAttribute('data-download')) {
        window.setTimeout(wake, 3000);
      }
    });
    window.addEventListener('pageshow', wake);
  }

  function setBusy(form, busy) {
    Array.prototype.forEach.call(form.querySelectorAll('button[type="submit"]'), function (button) {
      if (busy) {
        button.setAttribute('aria-disabled', 'true');
      } else {
        button.removeAttribute('aria-disabled');
      }
    });
  }

  function copy(button) {
    var text = document.getElementById(button.getAttribute('data-copy')).textContent;
    var status = document.getElementById(button.getAttribute('data-status'));

    function tell(name) {
      status.textContent = button.getAttribute(name);
    }
    if (!navigator.clipboard) {
      tell('data-failed');
      return;
    }
    navigator.clipboard.writeText(text).then(function () {
      tell('data-copied');
    }, function () {
      tell('data-failed');
    });
  }

  each('.peek', function (button) {
    button.addEventListener('click', function () {
      setShown(button, button.getAttribute('aria-pressed') !== 'true');
    });
  });
  each('form[method="post"]', guard);
  each('[data-copy]', function (button) {
    button.addEventListener('click', function () {
      copy(button);
    });
  });
  each('[data-print]', function (button) {
    button.addEventListener('click', function () {
      window.print();
    });
  });
  each('#summary', function (summary) {
    summary.focus();
  });
  root.classList.add('script');
}());
