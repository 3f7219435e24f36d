// An internet bank as far as signing in goes: the provider of npm's oidc-provider, with one client and any customer.
// node internet_bank.mjs <folder with node_modules> <client> <secret> <redirect address> <port, 0 for any>
// Says its issuer on one line. It signs with another key each time it is started.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, client, secret, redirect, port] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(join(folder, "node_modules/oidc-provider/lib/index.js")));

const server = createServer();
await new Promise((done) => server.listen(Number(port), "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const provider = new Provider(issuer, {
  clients: [
    { client_id: client, client_secret: secret, redirect_uris: [redirect], grant_types: ["authorization_code"] },
  ],
  jwks: { keys: [{ ...key, kid: randomUUID(), use: "sig", alg: "RS256" }] },
  claims: { openid: ["sub", "personal_code"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: async (_context, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, personal_code: `PNOLV-${id}` }),
  }),
});
server.on("request", provider.callback());
process.stdout.write(issuer + "\n");
