// Two HTTP/2 requests, the second some seconds after the first: what each got, and whether it travelled on the same connection.
// two_requests.mjs URL SECONDS
import http2 from 'node:http2';

const url = new URL(process.argv[2]);
let connections = 0;
let goaway = 'none';

function connect() {
    connections++;
    const session = http2.connect(url.origin, { rejectUnauthorized: false });
    session.on('goaway', (code, last) => { goaway = `code ${code} last ${last}`; });
    session.on('error', () => {});
    return session;
}

function request(session) {
    return new Promise((resolve) => {
        if (session.closed || session.destroyed) return resolve(0);
        let status = 0;
        const stream = session.request({ ':path': url.pathname });
        stream.on('response', (headers) => { status = headers[':status']; });
        stream.on('error', () => resolve(0));
        stream.on('close', () => resolve(status));
        stream.resume();
        stream.end();
    });
}

let session = connect();
const first = await request(session);
await new Promise((resolve) => setTimeout(resolve, 1000 * process.argv[3]));
let second = await request(session);
if (!second) {    // as a browser does
    session = connect();
    second = await request(session);
}
session.close();
console.log(`first ${first} second ${second} connections ${connections} goaway ${goaway}`);
