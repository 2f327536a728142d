/** Changes a job, as {@link runJobChange}, to what comes in, as a process that can be killed. */
import { text } from 'node:stream/consumers'
import { type JobChangeInput, runJobChange } from './job-change.ts'

process.exitCode = await runJobChange(JSON.parse(await text(process.stdin)) as JobChangeInput, process)
