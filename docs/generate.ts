/** Writes the generated parts of the documentation: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { valuesSchema, withValuesTable } from '../deploy/values-schema.ts'
import { configReference, errorReference, reasonReference } from '../src/config/reference.ts'
import { readBoots } from '../test/bench/boot/boot-record.ts'
import { plotBoots } from '../test/bench/boot/plot.ts'

writeFileSync(new URL('configuration.md', import.meta.url), configReference())
writeFileSync(new URL('errors.md', import.meta.url), errorReference())
writeFileSync(new URL('reasons.md', import.meta.url), reasonReference())

const chart = new URL('../deploy/chart/', import.meta.url)
writeFileSync(new URL('values.schema.json', chart), valuesSchema())
writeFileSync(new URL('README.md', chart), withValuesTable(readFileSync(new URL('README.md', chart), 'utf8')))

// Of npm run bench:boot -- --out.
const boots = readBoots(fileURLToPath(new URL('performance/boot.jsonl', import.meta.url)))
if (boots.length > 0) writeFileSync(new URL('performance/boot.svg', import.meta.url), plotBoots(boots))
