"""What people read afterwards: feedback pages, the leaderboard, tables in the terminal."""
