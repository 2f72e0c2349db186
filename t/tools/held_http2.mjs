// One HTTP/2 connection that stays open: for each line of the input, a path, the status of a GET; 0 when the connection has ended.
// held_http2.mjs HOST PORT COOKIES [PEM], a key and its certificate
import fs from 'node:fs';
import http2 from 'node:http2';
import readline from 'node:readline';

const [host, port, cookie, pem] = process.argv.slice(2);
const own = pem ? { key: fs.readFileSync(pem), cert: fs.readFileSync(pem) } : {};
const lookup = (name, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));
const session = http2.connect(`https://${host}:${port}`, { rejectUnauthorized: false, lookup, ...own });
session.on('error', () => {});

function request(path) {
    return new Promise((resolve) => {
        if (session.closed || session.destroyed) return resolve(0);
        let status = 0;
        const stream = session.request({ ':path': path, cookie });
        stream.on('response', (headers) => { status = headers[':status']; });
        stream.on('error', () => resolve(0));
        stream.on('close', () => resolve(status));
        stream.resume();
        stream.end();
    });
}

for await (const path of readline.createInterface({ input: process.stdin })) console.log(await request(path));
session.destroy();
