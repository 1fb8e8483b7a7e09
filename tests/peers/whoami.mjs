// Who the AWS SDK for JavaScript says one is. `--profile NAME` names a profile, `--region NAME` a region.
// It is run from a copy beside node_modules, where `import` looks.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";

const [flag, name] = process.argv.slice(2);
const settings = {
  "--profile": { credentials: fromIni({ profile: name }), profile: name },
  "--region": { region: name },
};
try {
  const client = new STSClient(settings[flag] ?? {});
  console.log((await client.send(new GetCallerIdentityCommand())).Arn);
} catch (error) {
  console.error(`${error.name}: ${error.message}`);
  process.exit(1);
}
