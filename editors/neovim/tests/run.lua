-- Runs the plugin's tests: nvim -l editors/neovim/tests/run.lua [PATTERN]
-- Each test gets a fresh Neovim and ends with it; the last line counts.

local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
package.path = here .. '/support/?.lua;' .. package.path
local editor = require('editor')
local pattern = arg[1] or ''

local passed, failed = 0, 0
for _, file in ipairs(vim.fn.glob(here .. '/spec/*.lua', false, true)) do
  for _, test in ipairs(dofile(file)) do
    local name = vim.fs.basename(file):gsub('%.lua$', '') .. ': ' .. test[1]
    if name:find(pattern, 1, true) then
      local nvim = editor.start()
      local ok, err = xpcall(test[2], debug.traceback, nvim)
      local stopped, stop_err = pcall(nvim.stop, nvim)
      if ok and stopped then
        passed = passed + 1
        io.stdout:write('ok    ', name, '\n')
      else
        failed = failed + 1
        io.stdout:write('FAIL  ', name, '\n      ', tostring(ok and stop_err or err):gsub('\n', '\n      '), '\n')
      end
    end
  end
end

io.stdout:write(('%d passed, %d failed\n'):format(passed, failed))
vim.cmd.cquit(failed == 0 and passed > 0 and 0 or 1)
