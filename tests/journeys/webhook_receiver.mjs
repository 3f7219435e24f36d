// A partner's server in Node: proves each message by the code of docs/webhooks.md and by the package `standardwebhooks`.
// node webhook_receiver.mjs <folder with node_modules and example.mjs> <secret>. One JSON a line.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, secret] = process.argv.slice(2);
const { isGenuine } = await import(pathToFileURL(join(folder, "example.mjs")));
const { Webhook } = createRequire(join(folder, "receiver.js"))("standardwebhooks");
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

function isProven(body, headers) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts).toString("utf8");
  say({ example: isGenuine(secret, request.headers, body), package: isProven(body, request.headers), body });
  response.writeHead(204).end();
});
server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
