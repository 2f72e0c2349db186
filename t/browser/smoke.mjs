import { axe, checkHtml, done, facts, is, like, ok, Person } from './lib/browser.mjs';

const person = await Person.create({ certificate: facts.certificate, password: 'secret', width: 'phone', native: true });
await person.page.goto(`${facts.url}/cgi-bin/env.cgi`);
like(await person.page.content(), /SSL_CLIENT_S_DN_CN=somebody/, 'the browser presents the imported certificate');
like(await person.page.content(), /HTTP_ACCEPT_LANGUAGE=ja/, 'and asks for Japanese');

await person.page.goto(`${facts.url}/good.html`);
await person.look('good');
await person.page.goto(`${facts.url}/bad.html`);
const violations = (await axe(person.page)).map((violation) => violation.rule);
ok(violations.includes('image-alt') && violations.includes('html-has-lang'), 'axe-core sees a bad page', violations);
await person.close();

const stranger = await Person.create({ language: 'en', native: true });
await stranger.page.goto(`${facts.url}/cgi-bin/env.cgi`);
like(await stranger.page.content(), /SSL_CLIENT_VERIFY=NONE/, 'a browser without a certificate presents none');
like(await stranger.page.content(), /HTTP_ACCEPT_LANGUAGE=en/, 'and asks for English');
is(await stranger.page.evaluate(() => window.innerWidth), 1280, 'at desktop width');
await stranger.close();

await checkHtml();
done();
