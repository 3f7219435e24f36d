// A page in a browser as far as live updates go: reads at each `connected`, and is told the rest. One JSON a line.
// node live_client.mjs <folder with node_modules> <graphql-ws | urql> <token> <port>...
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, kind, token, ...ports] = process.argv.slice(2);
const require = createRequire(join(folder, "page.js"));
const { createClient } = require("graphql-ws");
const WebSocket = require("ws");

const TOLD = "subscription Told { paymentChanged { id } }";
const PAID =
  "query ($after: String) { viewer { customers(first: 1) { nodes { payments(first: 100, after: $after) { nodes { id } " +
  "pageInfo { hasNextPage endCursor } } } } } }";
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
let turn = 0;
let port = ports[0];

const client = createClient({
  webSocketImpl: WebSocket,
  url: () => `ws://127.0.0.1:${(port = ports[turn++ % ports.length])}/graphql`,
  connectionParams: async () => ({ authorization: `Bearer ${token}` }),
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: async () => new Promise((done) => setTimeout(done, 50)),
  on: { connected: () => void readAnew(port) },
});

async function readAnew(at) {
  try {
    for (let after = null; ; ) {
      const answer = await fetch(`http://127.0.0.1:${at}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: PAID, variables: { after } }),
      });
      const { payments } = (await answer.json()).data.viewer.customers.nodes[0];
      for (const { id } of payments.nodes) say({ id, by: "read" });
      if (!payments.pageInfo.hasNextPage) break;
      after = payments.pageInfo.endCursor;
    }
    say({ connected: at });
  } catch (error) {
    say({ unread: at, error: String(error) }); // the server died in between; the next `connected` reads anew
  }
}

function told({ data, errors }) {
  if (errors) say({ errors });
  else say({ id: data.paymentChanged.id, by: "told" });
}

if (kind === "urql") {
  const { Client, subscriptionExchange } = require("@urql/core");
  const exchange = subscriptionExchange({
    forwardSubscription: (asked) => ({ subscribe: (sink) => ({ unsubscribe: client.subscribe(asked, sink) }) }),
  });
  const urql = new Client({ url: "http://127.0.0.1/graphql", exchanges: [exchange] });
  urql.subscription(TOLD, {}).subscribe(({ data, error }) => told({ data, errors: error }));
} else {
  client.subscribe({ query: TOLD }, { next: told, error: (errors) => say({ errors }), complete: () => say({ over: true }) });
}
