import t from 'tap'
import { interpolate } from '../../../src/job/file/interpolate.ts'
import { faultsIn, fileWith, jobIn } from '../../support/job-file.ts'

const values: Readonly<Record<string, string>> = { SET: 'value', EMPTY: '', N: '3' }

function run(text: string): string {
  const faults: string[] = []
  const made = interpolate(text, (name) => values[name], (message) => faults.push(message))
  return faults.length > 0 ? `fault: ${faults.join('; ')}` : made
}

t.test('variables are put in as by Compose', async (t) => {
  for (const [text, made] of [
    ['no variable', 'no variable'],
    ['a ${SET} b $SET c', 'a value b value c'],
    ['$SET.x/${SET}x', 'value.x/valuex'],
    ['$$SET $${SET} $$$$', '$SET ${SET} $$'],
    ['${EMPTY}', ''],
    ['${SET:-d} ${EMPTY:-d} ${NONE:-d}', 'value d d'],
    ['${SET-d} ${EMPTY-d} ${NONE-d}', 'value  d'],
    ['${NONE:-}${NONE-}', ''],
    ['${NONE:-a:-b}', 'a:-b'],
    ['${NONE:-${SET}} ${NONE:-${NONE:-x}y}', 'value xy'],
    ['${NONE:-$$x}', '$x'],
    ['${SET:?e} ${SET?e} [${EMPTY?e}]', 'value value []'],
    ['${SET:+i}${EMPTY:+i}${NONE:+i} ${SET+i}${EMPTY+i}${NONE+i}', 'i ii'],
    ['${NONE}', 'fault: the variable NONE is not set; write ${NONE:-} where it may be empty'],
    ['$NONE', 'fault: the variable NONE is not set; write ${NONE:-} where it may be empty'],
    ['${NONE:?say it}', 'fault: the variable NONE is not set: say it'],
    ['${NONE?}', 'fault: the variable NONE is not set'],
    ['${EMPTY:?say ${SET}}', 'fault: the variable EMPTY is not set: say value'],
    ['5 $', 'fault: "$" is no variable; a dollar that is meant as such is written $$'],
    ['$(date)', 'fault: "$(date)" is no variable; a dollar that is meant as such is written $$'],
    ['${SET', 'fault: "${SET" is no variable; a dollar that is meant as such is written $$'],
    ['${}', 'fault: "${}" is no variable; a dollar that is meant as such is written $$'],
    ['${A B}', 'fault: "${A B}" is no variable; a dollar that is meant as such is written $$'],
  ] as const) {
    t.equal(run(text), made, text)
  }
})

t.test('defaults within defaults end, however deep they are', async (t) => {
  t.match(run(`${'${A:-'.repeat(50_000)}x${'}'.repeat(50_000)}`), /^fault: /)
})

t.test('in a file they may be a number, and are nothing in keys and in what x- holds', async (t) => {
  const variables = (name: string): string | undefined => values[name]
  t.equal(jobIn(fileWith('x-note: ${NONE} $', 'numInstances: ${N}\n'), { variables }).instances, 3)
  t.equal(jobIn(fileWith('memory: 1G', 'numInstances: "${NONE:-4}"\n'), { variables }).instances, 4)
  t.strictSame(faultsIn(fileWith('memory: ${NONE}'), { variables }), ['5:13: memory: the variable NONE is not set; write ${NONE:-} where it may be empty'])
  t.strictSame(faultsIn(fileWith('memory: ${SET}'), { variables }), ['5:13: memory must be an amount of bytes such as 512M or 2G, not "value"'])
})
