// A run that outlives its credentials: the SDK for JavaScript calls until it has signed with three different keys.
// It is run from a copy beside node_modules, where `import` looks.
import { setTimeout } from "node:timers/promises";

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const client = new STSClient({});
const keys = new Set();
let arn;
while (keys.size < 3) {
  arn = (await client.send(new GetCallerIdentityCommand())).Arn;
  keys.add((await client.config.credentials()).accessKeyId);
  await setTimeout(500);
}
console.log(`${keys.size} keys of ${arn}`);
