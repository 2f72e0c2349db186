/*
 * Comfort for the pages; every one of them works without it. No data leaves the page but to where it came from, nothing is
 * stored.
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
      var name = wide ? 'data-wide' : caps && 'data-caps' || compare(input);
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

  /* The end of the login: told before it comes, put off by a button, and said when it is there. Other tabs of the same
     login, and pages of the site that have no script of ours, may put it off as well: so the server is asked first. */
  function ending(box) {
    var data = box.dataset;
    var status = box.querySelector('[role="status"]');
    var rest = box.querySelector('.rest');
    var buttons = box.querySelector('.buttons');
    var goOn = buttons.querySelector('button');
    var login = buttons.querySelector('a');
    var tabs = 'BroadcastChannel' in window ? new BroadcastChannel('anshin ' + data.url + ' ' + data.of) : null;
    var final = 'final' in data;
    var end = Date.now() + data.end * 1000;
    var before = data.before * 1000;
    var asked = 0; /* the server: 1 before it is told, 2 at the end */
    var waiting = false;
    var from = null;
    var timer = window.setInterval(tick, 1000);

    function show(text, button) {
      status.textContent = text;
      box.classList.add('on');
      box.setAttribute('role', 'region');
      box.setAttribute('aria-label', data.label);
      buttons.hidden = !button;
      goOn.hidden = button !== goOn;
      login.hidden = button !== login;
    }

    function hide(text) {
      var focused = box.contains(document.activeElement);

      box.classList.remove('on');
      box.removeAttribute('role');
      box.removeAttribute('aria-label');
      status.textContent = text;
      rest.textContent = '';
      buttons.hidden = true;
      if (focused) {
        (from || document.getElementById('main')).focus();
      }
    }

    function over() {
      window.clearInterval(timer);
      rest.textContent = '';
      show(data.over, login);
    }

    /* A later end; told: to the other tabs, too. */
    function put(later, last, told) {
      final = last;
      end = later;
      if (box.classList.contains('on') && end - Date.now() > before) {
        hide(told ? data.renewed : '');
      }
      if (tabs && told) {
        tabs.postMessage({ end: end, final: final });
      }
    }

    function ask(options, failed) {
      waiting = true;
      options.redirect = 'manual';
      options.cache = 'no-store';
      window.fetch(data.url, options).then(function (answer) {
        if (answer.type === 'opaqueredirect' || answer.status === 410) {
          over();
          return null;
        }
        return answer.ok ? answer.json() : Promise.reject(answer);
      }).then(function (facts) {
        if (facts && facts.of === data.of) {
          asked = 1;
          put(Date.now() + facts.left * 1000, facts.final, true);
        } else if (facts) {
          over();
        }
      }).catch(failed).then(function () {
        waiting = false;
      });
    }

    function warn() {
      if (!box.classList.contains('on')) {
        show(final ? data.last : data.idle, final ? null : goOn);
      }
    }

    function tick() {
      var seconds = Math.ceil((end - Date.now()) / 1000);

      if (waiting) {
        return;
      }
      if (seconds * 1000 > before) {
        asked = 0;
      } else if (asked < (seconds > 0 ? 1 : 2)) {
        asked = seconds > 0 ? 1 : 2;
        ask({}, seconds > 0 ? warn : over);
      } else if (seconds > 0) {
        warn();
        rest.textContent = data.rest + ' ' + Math.floor(seconds / 60) + ':' + ('0' + seconds % 60).slice(-2);
      }
    }

    goOn.addEventListener('focus', function (event) {
      from = event.relatedTarget;
    });
    goOn.addEventListener('click', function () {
      ask({ method: 'POST', body: new URLSearchParams({ csrf: data.csrf }) }, function () {
        status.textContent = data.failed;
      });
    });
    login.addEventListener('click', function (event) {
      keep(event, data.kept);
    });
    if (tabs) {
      tabs.onmessage = function (event) {
        if (event.data.end > end) {
          put(event.data.end, event.data.final, false);
        }
      };
      tabs.postMessage({ end: end, final: final });
    }
  }

  /* What was typed goes along to the login, sealed by the server for whoever comes back; no password does, nor an answer. */
  function keep(event, names) {
    var form = document.querySelector('main form[method="post"]');
    var copy;

    function put(name, value) {
      var input = document.createElement('input');

      input.type = 'hidden';
      input.name = name;
      input.value = value;
      copy.appendChild(input);
    }
    if (!names || !form) {
      return;
    }
    event.preventDefault();
    copy = document.createElement('form');
    copy.method = 'post';
    copy.action = form.action;
    copy.hidden = true;
    new FormData(form).forEach(function (value, name) {
      if (name === 'csrf' || name === 'flow' || names.split(' ').indexOf(name) >= 0) {
        put(name, value);
      }
    });
    put('draft', '1');
    document.body.appendChild(copy);
    copy.submit();
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
