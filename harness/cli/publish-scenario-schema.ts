/**
 * Writes the scenario's JSON Schema with the words of every fault, and the event's: `node harness/cli/publish-scenario-schema.ts`. It
 * stands here because the scenario's folder does not know which faults there are.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ACTIONS } from '../action/catalogue.ts';
import { FAULTS } from '../fault/catalogue.ts';
import { EVENT_SCHEMA_FILE, eventSchemaText, SCHEMA_FILE, scenarioSchemaText } from '../scenario/publish-schema.ts';

await mkdir(dirname(SCHEMA_FILE), { recursive: true });
await writeFile(SCHEMA_FILE, scenarioSchemaText(FAULTS, ACTIONS));
await writeFile(EVENT_SCHEMA_FILE, eventSchemaText());
