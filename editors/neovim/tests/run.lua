-- Runs tests in real editors: nvim -l run.lua [FILE...] [--only PATTERN]
-- The default is every file in spec/. Each test gets a fresh Neovim and ends with it; the last line counts.

local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
package.path = here .. '/support/?.lua;' .. package.path
local editor = require('editor')

local files, pattern, position = {}, '', 1
while arg[position] do
  if arg[position] == '--only' then
    pattern = arg[position + 1] or ''
    position = position + 1
  else
    table.insert(files, arg[position])
  end
  position = position + 1
end
if #files == 0 then
  files = vim.fn.glob(here .. '/spec/*.lua', false, true)
end

local passed, failed = 0, 0
for _, file in ipairs(files) do
  for _, test in ipairs(dofile(file)) do
    local name = vim.fs.basename(file):gsub('%.lua$', '') .. ': ' .. test[1]
    if name:find(pattern, 1, true) then
      local nvim = editor.start()
      local ok, err = xpcall(test[2], debug.traceback, nvim)
      local log = not ok and nvim:log() or ''
      local stopped, stop_err = pcall(nvim.stop, nvim)
      if ok and stopped then
        passed = passed + 1
        io.stdout:write('ok    ', name, '\n')
      else
        failed = failed + 1
        local why = tostring(ok and stop_err or err) .. (log ~= '' and '\nlog:\n' .. log or '')
        io.stdout:write('FAIL  ', name, '\n      ', (why:gsub('\n', '\n      ')), '\n')
      end
      io.stdout:flush()
    end
  end
end

io.stdout:write(('%d passed, %d failed\n'):format(passed, failed))
vim.cmd.cquit(failed == 0 and passed > 0 and 0 or 1)
