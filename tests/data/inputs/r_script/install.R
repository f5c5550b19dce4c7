install.packages("dplyr")
