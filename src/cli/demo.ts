import { type Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'
export const demoCommand: Command = { name: 'demo', summary: '', description: '', flags: {}, examples: [], async run() { return exitCodes.done } }
