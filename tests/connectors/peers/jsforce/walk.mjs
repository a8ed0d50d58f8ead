// Walks through the pretend Salesforce as its users' programs do; prints one line of JSON a step.
import jsforce from "jsforce";

const { SANDBOX: url, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = process.env;
const show = (step, value) => console.log(JSON.stringify({ step, ...value }));
const KEY = "ia_crm__IntacctID__c";

const conn = new jsforce.Connection({
  instanceUrl: url,
  oauth2: { loginUrl: url, clientId, clientSecret },
});
const user = await conn.authorize({ grant_type: "client_credentials" });
show("sign in", { user: user.id, organisation: user.organizationId, instance: conn.instanceUrl });
const identity = await conn.identity();
show("identity", { name: identity.display_name, username: identity.username });

const all = await conn.describeGlobal();
const account = await conn.sobject("Account").describe();
show("describe", {
  objects: all.sobjects.map((each) => each.name).filter((name) => name === "Account" || name === "User"),
  key: account.fields.find((field) => field.name === KEY).externalId,
  fields: account.fields.length,
});

const people = Array.from({ length: 450 }, (_, n) => ({ LastName: `Walker ${n}`, Email: `w${n}@example.com` }));
const made = await conn.sobject("Contact").create(people, { allowRecursive: true });
show("create many", { made: made.filter((each) => each.success).length });

const options = { headers: { "Sforce-Query-Options": "batchSize=200" } };
let page = await conn.request(
  { method: "GET", url: `/query?q=${encodeURIComponent("SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Walker%'")}`, ...options });
const sizes = [page.records.length];
while (!page.done) {
  page = await conn.queryMore(page.nextRecordsUrl);
  sizes.push(page.records.length);
}
const names = [];
await conn
  .query("SELECT LastName, Account.Name FROM Contact WHERE LastName LIKE 'Walker%' ORDER BY LastName LIMIT 3")
  .on("record", (record) => names.push(record.LastName))
  .run({ autoFetch: true, maxFetch: 10000 });
show("query", { sizes, total: page.totalSize, names });
const found = await conn.sobject("Account").find({ [KEY]: "C001" }, ["Id", "Name", "Owner.Name"]).limit(1);
show("find", { name: found[0].Name, owner: found[0].Owner.Name });

const created = await conn.sobject("Account").create({ Name: "Walked", [KEY]: "W1", CustomerPriority__c: "High" });
await conn.sobject("Account").update({ Id: created.id, Phone: "555 0100" });
const first = await conn.sobject("Account").upsert({ Name: "Upserted", [KEY]: "W2" }, KEY);
const again = await conn.sobject("Account").upsert({ Name: "Upserted again", [KEY]: "W2" }, KEY);
const read = await conn.sobject("Account").retrieve(created.id);
show("single", { phone: read.Phone, success: created.success, first: first.created, again: again.created, same: first.id === again.id });
const several = await conn.sobject("Account").retrieve([first.id, "001Sb00000zzzzz", created.id]);
const some = await conn.sobject("Account").retrieve([created.id], { fields: ["Name"] });
show("retrieve", { names: several.map((row) => row && row.Name), fields: Object.keys(some[0]).sort() });

const many = await conn.sobject("Account").upsert(
  [{ Name: "Upserted last", [KEY]: "W2" }, { [KEY]: "W3" }], KEY, { allOrNone: false });
show("upsert many", { rows: many.map((row) => (row.success ? row.created : row.errors[0].statusCode)) });

try {
  await conn.sobject("Account").create({ Phone: "1" });
} catch (error) {
  show("refused", { code: error.errorCode, message: error.message });
}
await conn.sobject("Account").destroy(created.id);
const dead = await conn.query(`SELECT Id FROM Account WHERE Id = '${created.id}'`);
const kept = await conn.query(`SELECT Id, IsDeleted FROM Account WHERE Id = '${created.id}'`, { scanAll: true });
show("delete", { alive: dead.totalSize, kept: kept.records[0].IsDeleted });

const rows = Array.from({ length: 300 }, (_, n) => ({ Name: `Bulk "${n}", Inc`, [KEY]: `BULK${n}`, NumberOfEmployees: n }));
rows.push({ Name: "", [KEY]: "BULKX", NumberOfEmployees: 1 });
const job = conn.bulk2.createJob({ operation: "upsert", object: "Account", externalIdFieldName: KEY });
await job.open();
await job.uploadData(rows);
await job.close();
await job.poll(20, 60000);
const results = await job.getAllResults();
show("bulk in", {
  well: results.successfulResults.length,
  made: results.successfulResults.filter((row) => row.sf__Created === "true").length,
  error: results.failedResults[0].sf__Error,
  left: results.unprocessedRecords.length,
});
const out = await conn.bulk2.query(`SELECT Id, Name, NumberOfEmployees FROM Account WHERE ${KEY} LIKE 'BULK%' ORDER BY ${KEY}`, { pollInterval: 20, pollTimeout: 60000 });
const loaded = await out.toArray();
show("bulk out", { rows: loaded.length, first: loaded[0].Name });

const older = await conn.bulk.load("Account", "insert", [{ Name: "Older, one", Phone: "1" }, { Name: "", Phone: "2" }]);
const olderRows = await (await conn.bulk.query("SELECT Id, Name FROM Account WHERE Name LIKE 'Older%'")).toArray();
show("older bulk", { rows: older.map((row) => row.success), errors: older[1].errors, found: olderRows.map((row) => row.Name) });

const batch = await conn.requestPost("/composite", {
  compositeRequest: [
    { method: "POST", url: `/services/data/v${conn.version}/sobjects/Account`, referenceId: "a", body: { Name: "Together" } },
    { method: "GET", url: `/services/data/v${conn.version}/sobjects/Account/@{a.id}?fields=Name`, referenceId: "b" },
  ],
});
show("composite", { name: batch.compositeResponse[1].body.Name });
const now = new Date();
const updated = await conn.sobject("Account").updated(new Date(now - 3600000), new Date(+now + 120000));
show("updated", { some: updated.ids.length > 300 });
const limits = await conn.limits();
show("limits", { most: limits.DailyApiRequests.Max, used: conn.limitInfo.apiUsage.used > 10 });
await conn.logout();
show("end", {});
