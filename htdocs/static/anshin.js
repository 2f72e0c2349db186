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

  /* A second press while the answer is on its way would send the form twice. aria-disabled keeps the focus where it is. */
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

  /* While a password is typed: which rules it keeps, whether both are alike, and what the keyboard does unnoticed. */
  function mark(input) {
    var typed = input.value.normalize('NFKC');

    each('#' + input.id + '-hint [data-pattern]', function (rule) {
      var met = typed !== '' && new RegExp(rule.getAttribute('data-pattern'), 'su').test(typed);

      rule.classList.toggle('met', met);
    });
  }

  function compare(input) {
    var other = document.getElementById(input.getAttribute('data-same-as') || '');

    if (!other || input.value === '') {
      return '';
    }
    if (input.value === other.value) {
      return 'data-same';
    }
    return other.value.indexOf(input.value) === 0 ? '' : 'data-differs';
  }

  function watch(input) {
    var line = input.closest('.field').querySelector('.typing');
    var caps = false;

    function tell() {
      var wide = /[\uff01-\uff5e\u3000-\u30ff\u4e00-\u9fff]/.test(input.value);
      var blank = /^\s|\s$/.test(input.value); /* pasted with it, most often; it counts as typed */
      var name = wide ? 'data-wide' : caps && 'data-caps' || blank && 'data-blank' || compare(input);
      var text = name ? line.getAttribute(name) : '';

      mark(input);
      if (line.textContent !== text) {
        line.textContent = text;
      }
    }

    function key(event) {
      caps = Boolean(event.getModifierState && event.getModifierState('CapsLock'));
      tell();
    }

    ['keydown', 'keyup'].forEach(function (name) {
      input.addEventListener(name, key);
    });
    ['input', 'blur'].forEach(function (name) {
      input.addEventListener(name, tell);
    });
    each('[data-same-as="' + input.id + '"]', function (other) {
      input.addEventListener('input', function () {
        other.dispatchEvent(new Event('blur'));
      });
    });
  }

  /* What is left of a link or a code: minutes and seconds in its last quarter of an hour, then that it is over. Whoever hears the
     page is told of the end alone. */
  function count(line) {
    var left = line.querySelector('.left');
    var end = Date.now() + line.getAttribute('data-left') * 1000;
    var timer = window.setInterval(tick, 1000);

    function tick() {
      var seconds = Math.ceil((end - Date.now()) / 1000);

      if (seconds <= 0) {
        window.clearInterval(timer);
        left.setAttribute('role', 'status');
        left.textContent = line.getAttribute('data-over');
      } else if (seconds < 900) {
        left.textContent = Math.floor(seconds / 60) + ':' + ('0' + seconds % 60).slice(-2);
      }
    }
  }

  /* Shortly before the end of the login: what tells it is loaded then. */
  function ending(box) {
    var end = Date.now() + box.getAttribute('data-end') * 1000;
    var timer = window.setInterval(function () {
      var script = document.createElement('script');

      if (end - Date.now() <= box.getAttribute('data-before') * 1000) {
        window.clearInterval(timer);
        script.type = 'module';
        script.src = box.getAttribute('data-script');
        document.head.appendChild(script);
      }
    }, 1000);

    box.setAttribute('data-at', end);
  }

  each('.session-end', ending);
  each('[data-left]', count);
  each('.typing', function (line) {
    watch(line.parentNode.querySelector('input[type="password"]'));
  });
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
  /* This page has a file come by itself; opened anew it shall not. */
  each('[data-address]', function (element) {
    window.history.replaceState(null, '', element.getAttribute('data-address'));
  });
  each('#summary', function (summary) {
    summary.focus();
  });
  root.classList.add('script');
}());
