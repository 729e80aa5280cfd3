// PostGraphile as in production: `node postgraphile.mjs PORT`; the database by PGHOST, PGDATABASE and so on.
//
// No transaction around a read (nothing is set for a role), statements prepared and kept by the driver's adaptor, plans
// kept by Grafast, no page for people, no web sockets, no watching, no explaining. Every column may be a condition, so
// that Q2 needs no plugin; "at or below this grid" is the one condition that is no equality: an index range.

import { createServer } from "node:http";
import { PgAggregatesPreset } from "@graphile/pg-aggregates";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { TYPES } from "postgraphile/@dataplan/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { addPgTableCondition } from "postgraphile/utils";

const under = addPgTableCondition(
  { schemaName: "public", tableName: "requests" },
  "under",
  ({ graphql: { GraphQLString } }) => ({ type: GraphQLString }),
  (path, { sql, sqlTableAlias: requests, sqlValueWithCodec: value }) => {
    const end = path.slice(0, -1) + "0"; // "0" follows "/"
    return sql`${requests}.grid_path >= ${value(path, TYPES.text)} and ${requests}.grid_path < ${value(end, TYPES.text)}`;
  },
);

const instance = postgraphile({
  extends: [PostGraphileAmberPreset, PgAggregatesPreset],
  plugins: [under],
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ pool: new pg.Pool({ max: 10 }), schemas: ["public", "bench"], pubsub: false })],
  grafast: { explain: false },
  grafserv: { graphiql: false, watch: false, websockets: false },
});

const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.argv[2]), "127.0.0.1");
