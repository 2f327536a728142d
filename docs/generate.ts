/** Writes the generated parts of the documentation: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { valuesSchema, withValuesTable } from '../deploy/values-schema.ts'
import { readBoots } from '../test/bench/boot/boot-record.ts'
import { plotBoots } from '../test/bench/boot/plot.ts'
import { withAlertTable } from './pages/alerts.ts'
import { withJobTables } from './pages/jobs.ts'
import { errorPage } from './pages/reasons.ts'
import { referencePage } from './pages/reference.ts'

const docs = new URL('./', import.meta.url)
writeFileSync(new URL('reference.md', docs), await referencePage())
writeFileSync(new URL('errors.md', docs), errorPage())
writeFileSync(new URL('jobs.md', docs), withJobTables(readFileSync(new URL('jobs.md', docs), 'utf8')))
writeFileSync(new URL('operations.md', docs), withAlertTable(readFileSync(new URL('operations.md', docs), 'utf8')))

const chart = new URL('../deploy/chart/', import.meta.url)
writeFileSync(new URL('values.schema.json', chart), valuesSchema())
writeFileSync(new URL('README.md', chart), withValuesTable(readFileSync(new URL('README.md', chart), 'utf8')))

// Of npm run bench:boot -- --out.
const boots = readBoots(fileURLToPath(new URL('performance/boot.jsonl', import.meta.url)))
if (boots.length > 0) writeFileSync(new URL('performance/boot.svg', import.meta.url), plotBoots(boots))
