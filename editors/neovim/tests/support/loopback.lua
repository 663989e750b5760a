--- A scripted provider on loopback, which ends with the editor that it was started for.

local editor = require('editor')

local PROVIDER = vim.fs.joinpath(editor.HERE, '../../../tests/support/scripted_provider.py')

--- Starts a provider with a script, and gives back its base URL and a function that lists what it was asked.
return function(nvim, script, key)
  local url
  local command = { 'python3', PROVIDER, '--key', key or editor.SECRET, '--script', vim.json.encode(script) }
  local job = vim.fn.jobstart(command, { on_stdout = function(_, lines) url = url or lines[1] ~= '' and lines[1] or nil end })
  local stop = nvim.stop
  nvim.stop = function(self)
    vim.fn.jobstop(job)
    stop(self)
  end
  nvim:eventually('the provider listens', function() return url end, function(value) return value ~= nil end)
  local fetch = 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())'
  return url, function()
    local run = vim.system({ 'python3', '-c', fetch, (url:gsub('/v1$', '/test/requests')) }, { text = true }):wait()
    return vim.json.decode(run.stdout)
  end
end
