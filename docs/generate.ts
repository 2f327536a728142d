/** Writes the generated parts of the documentation: `npm run docs`. */
import { writeFileSync } from 'node:fs'
import { configReference, errorReference, reasonReference } from '../src/config/reference.ts'

writeFileSync(new URL('configuration.md', import.meta.url), configReference())
writeFileSync(new URL('errors.md', import.meta.url), errorReference())
writeFileSync(new URL('reasons.md', import.meta.url), reasonReference())
