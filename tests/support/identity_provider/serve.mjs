// A certified OpenID provider on the loopback: any name and password sign in.
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, callback, home] = process.argv.slice(2);
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "crmapp",
      client_secret: "a secret / of + signs",
      redirect_uris: [callback],
      post_logout_redirect_uris: [home],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["only for tests"] },
  jwks: { keys: [{ ...key, kid: "first", use: "sig", alg: "RS256" }] },
  // Who signs in as unverified.bob@crm.example has bob's address, but has never shown it.
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: id.replace(/^(unverified|second)\./, ""),
      email_verified: !id.startsWith("unverified."),
      name: id.split("@")[0],
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
