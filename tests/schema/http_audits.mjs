// Runs the audits of GraphQL over HTTP that the npm package graphql-http has against a server, and prints each outcome as JSON.
import { createRequire } from 'node:module';

const [url, folder] = process.argv.slice(2);
const { auditServer } = createRequire(`${folder}/`)('graphql-http');
const results = await auditServer({ url, fetchFn: fetch });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
